/* SPDX-License-Identifier: Apache-2.0 */
#include "base/drops.h"

const struct drop_info drop_infos[DROP_REASONS] = {
#define UNDECODABLE(id, key, words) [DROP_##id] = {key, words, true},
#define MALFORMED(id, key, words) [DROP_##id] = {key, words, false},
#include "base/drops.def"
#undef UNDECODABLE
#undef MALFORMED
};
