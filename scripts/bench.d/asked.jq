# SPDX-License-Identifier: GPL-2.0
# Prints what is asked of CoKeeper, what bench.json says, and whether that is met.

# What could not be measured is null, and meets no bound.
def better($a; $b): if $a == null or $b == null then null elif .better == "lower" then $b / $a else $a / $b end;
def times_netfront: better(.cokeeper; .netfront);
def times_loopback: better(.cokeeper; .loopback);
def inverse: if . then 1 / . else null end;
def hundredth: if . == null then "-" else . * 1000 | round / 1000 end;
def at_least($bound): {bound: "at least \($bound)", measured: hundredth, met: (. != null and . >= $bound)};
def at_most($bound): {bound: "at most \($bound)", measured: hundredth, met: (. != null and . <= $bound)};
def name: "\(.test) \(.size)" + (if .steer == "route" then " by route" else "" end);

[.datapath[] | select(.steer != "route") |
	(select(.test == "ping_rtt") | {what: "\(name), times better than netfront"} + (times_netfront | at_least(4))),
	(select(.test == "tcp_rr" and .size <= 64) |
		({what: "\(name), times better than netfront"} + (times_netfront | at_least(2.2))),
		({what: "\(name), time over loopback's"} + (times_loopback | inverse | at_most(1.4)))),
	(select(.test == "udp_rr" and .size <= 64) | {what: "\(name), times better than netfront"} + (times_netfront | at_least(2.5))),
	(select(.test == "tcp_stream" and .size >= 16384) |
		({what: "\(name), times netfront"} + (times_netfront | at_least(3))),
		({what: "\(name), of loopback"} + (times_loopback | at_least(0.75)))),
	(select(.test == "udp_stream" and .size == 64) | {what: "\(name) without loss, times netfront"} + (times_netfront | at_least(2.5))),
	(select(.test == "udp_stream" and .size == 1400) | {what: "\(name) without loss, times netfront"} + (times_netfront | at_least(3))),
	(select(.test == "cpu_per_gib") | {what: "cpu_per_gib, of netfront's"} + (times_netfront | inverse | at_most(0.4))),
	(select(.test == "redis_set_16k") | {what: "\(.test), of loopback"} + (times_loopback | at_least(0.8))),
	(select(.test | IN("redis_get", "redis_set", "redis_pipelined", "nginx_keepalive", "nginx_connect", "nginx_200k")) |
		{what: "\(.test), of loopback"} + (times_loopback | at_least(0.9))),
	(select(.test == "memory_idle_peer") | {what: "idle peer, bytes of kernel memory"} + (.cokeeper | at_most(1023))),
	(select(.test == "ring_core" and .size == 1400) |
		({what: "ring core, 1400 B, time over two memcpys', one by each thread"} + (.cokeeper / .memcpy_across | at_most(1.5))),
		(select(.batched) | {what: "ring core, 1400 B, published 8 at a time, time over two memcpys' within one cache"} + (.batched / .memcpy | at_most(1.5))),
		({what: "ring core, 1400 B, time over two memcpys' within one cache"} + (.cokeeper / .memcpy | at_most(1.5))))]
+ [[.datapath[] | select(.test != "remote_tax" and .netfront and .cokeeper) | {what: name} + (times_netfront | {bound: "never worse than netfront", measured: hundredth, met: (. >= 1)})]
   | select(length > 0) | min_by(.measured) | .what = "any test, any size: the worst is \(.what)"]
+ [.datapath[] | select(.test == "remote_tax")
   | (if .size == 64 then 1 else 0.5 end) as $bound
   | {what: "remote_tax \(.traffic) \(.size) to \(.to), \(.peers) peers, %"} +
     (times_netfront | inverse | if . then (. - 1) * 100 else null end | at_most($bound))]
| (["what is asked", "bound", "measured", ""], (.[] | [.what, .bound, .measured, if .met then "met" else "not met" end]))
| map(tostring) | join("\t")
