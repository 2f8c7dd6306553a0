# SPDX-License-Identifier: Apache-2.0
"""Each packet cut at every length gives what was captured and nothing else."""

import pytest
from harness import Run, check, grouped, microseconds, written

from captures import cuts, packets
from catalogue import to_cut

GROUPS = grouped(packets(to_cut()))


@pytest.mark.parametrize("link", sorted(GROUPS))
def test_cut_at_every_length(tmp_path, link):
    group = microseconds([cut for packet in GROUPS[link] for cut in cuts(packet)])
    assert len(group) > 150
    check(Run("-r", written(tmp_path, group)), group)
