# SPDX-License-Identifier: Apache-2.0
"""What a packet costs against capture size, field count and workers: measured, and drawn as SVG into docs/plots."""
import html
import math
import os
import subprocess

import rows

FIELDS = ["ts", "src_ip", "dst_ip", "proto", "pkt_len", "proto_name", "sport", "dport", "flags", "syn", "rst", "payload_len",
          "ip_version", "ttl", "ip_id", "tcp_seq", "tcp_ack", "tcp_window", "df", "frag", "src_mac", "dst_mac", "ether_type",
          "cap_len", "frame", "dscp", "ecn", "fin", "psh", "ack", "urg", "community_id"]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 80, 48, 48, 64
COLOURS = ["#1f5fa8", "#b3541e", "#3c7a3c"]


def nice_ticks(high, steps=5):
    """Round numbers from 0 to a bit above high."""
    raw = high / steps
    unit = 10 ** math.floor(math.log10(raw))
    step = next(unit * f for f in (1, 2, 2.5, 5, 10) if unit * f >= raw)
    return [step * i for i in range(math.ceil(high / step) + 1)]


def number(v):
    return f"{v:,.0f}" if v >= 100 or v == int(v) else f"{v:g}"


def chart(title, subtitle, x_label, y_label, xs, series, path, log=False):
    """Lines with points. series: (name, values), one value for each x. log: x by powers."""
    ticks = nice_ticks(max(max(values) for _, values in series))
    low, high = (math.log(xs[0]), math.log(xs[-1])) if log else (0, xs[-1])

    def x_of(v):
        return LEFT + ((math.log(v) if log else v) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y_of(v):
        return HEIGHT - BOTTOM - v / ticks[-1] * (HEIGHT - TOP - BOTTOM)

    def text(x, y, words, anchor="middle", size=12, colour="#333", turn=""):
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}"{turn}>{html.escape(words)}</text>'

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
           "<!-- SPDX-License-Identifier: Apache-2.0; made by make bench-plots -->",
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', text(LEFT, 20, title, "start", 15, "#000"),
           text(LEFT, 36, subtitle, "start", 10, "#666")]
    for tick in ticks:
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y_of(tick):.1f}" y2="{y_of(tick):.1f}" stroke="#ddd"/>')
        out.append(text(LEFT - 8, y_of(tick) + 4, number(tick), "end"))
    out += [text(x_of(x), HEIGHT - BOTTOM + 18, number(x)) for x in xs]
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 38, x_label))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    out.append(text(20, middle, y_label, turn=f' transform="rotate(-90 20 {middle:.1f})"'))
    for i, (name, values) in enumerate(series):
        points = [(x_of(x), y_of(v)) for x, v in zip(xs, values)]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        out.append(f'<polyline points="{joined}" fill="none" stroke="{COLOURS[i]}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{COLOURS[i]}"/>' for x, y in points]
        at = LEFT + i * (WIDTH - LEFT - RIGHT) / len(series)
        out.append(f'<line x1="{at:.1f}" x2="{at + 18:.1f}" y1="{HEIGHT - 12}" y2="{HEIGHT - 12}" stroke="{COLOURS[i]}" stroke-width="3"/>')
        out.append(text(at + 24, HEIGHT - 8, name, "start"))
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n</svg>\n")
    print(f"{os.path.relpath(path, rows.ROOT)}: " + "; ".join(
        f"{name}: " + ", ".join(f"{number(x)}: {v:.1f}" for x, v in zip(xs, values)) for name, values in series))


def paired(commands, rounds):
    """Seconds of each command: the median over rounds in which they take turns. They are short, so it is the wall's program that
    starts them and looks at the clock."""
    times = [[next(rows.spawn(3, command)) / 1e3 for command in commands] for _ in range(rounds)]
    return [rows.median(column) for column in zip(*times)]


def draw(work, rounds, subtitle):
    folder = os.path.join(rows.ROOT, "docs", "plots")
    os.makedirs(folder, exist_ok=True)
    plain = [rows.TAPLINE, "-q", "-o", "null:"]
    sizes = [10000, 100000, 1000000, 10000000]
    tcp64 = {n: os.path.join(work, f"tcp64-{n}.pcap") for n in [1, *sizes]}
    mix = os.path.join(work, "mix.pcap")
    for n, path in tcp64.items():
        rows.make_capture("tcp64", n, path)
    rows.make_capture("mix", sizes[2], mix)
    # Capture size.
    start_up, *seconds = paired([[*plain, "-r", path] for path in tcp64.values()], rounds)
    chart("A packet's time against the capture's size (64-byte TCP, from a file to null:)", subtitle, "packets in the capture",
          "ns per packet", sizes,
          [("from fork to exit", [s / n * 1e9 for s, n in zip(seconds, sizes)]),
           (f"without the {start_up * 1e3:.1f} ms of a capture of one packet", [(s - start_up) / n * 1e9 for s, n in zip(seconds, sizes)])],
          os.path.join(folder, "size.svg"), log=True)
    # Field count.
    counts = [1, 2, 4, 8, 12, 16, 24, 32]
    lists = [",".join(FIELDS[:n]) for n in counts]
    million = tcp64[1000000]
    ns = [s * 1e3 for s in paired([[*plain, "--fields", fields, "-r", million] for fields in lists], rounds)]
    lengths = [len(subprocess.run([rows.TAPLINE, "-q", "-c", "1000", "--fields", fields, "-r", million], stdout=subprocess.PIPE,
                                  check=True).stdout) / 1000 for fields in lists]
    chart("A packet's time and its line against the number of fields (--fields, 64-byte TCP)", subtitle, "fields",
          "ns per packet, bytes per line", counts, [("ns per packet", ns), ("bytes per line", lengths)],
          os.path.join(folder, "fields.svg"))
    # Workers.
    workers = [1, 2, 3, 4]
    names = {"64-byte TCP": (tcp64[10000000], 10000000), "mixed packets": (mix, 1000000)}
    series = []
    for name, (path, n) in names.items():
        times = paired([[*plain, "-j", str(j), "-r", path] for j in workers], rounds)
        series.append((name, [n / s / 1e6 for s in times]))
    chart(f"Workers on one capture (-j), on {os.cpu_count()} processors", subtitle, "workers", "million packets/s", workers, series,
          os.path.join(folder, "workers.svg"))
