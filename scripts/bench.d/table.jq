# SPDX-License-Identifier: GPL-2.0
# Prints bench.json as lines of tab-separated columns.

def number: if . == null then "-" elif . >= 100000 then (. / 1000 | round | tostring) + "k"
	elif . >= 100 then round | tostring else . * 100 | round / 100 | tostring end;
def ratio($a; $b): if $a == null or $b == null or $a == 0 or $b == 0 then "-"
	else (if .better == "lower" then $b / $a else $a / $b end) * 100 | round / 100 | tostring end;
def name: .test + (if .traffic then " \(.traffic) \(.to) \(.peers) peers" else "" end);
def spread: [.spread[] | if .[0] == 0 then 0 else (.[1] - .[0]) / ((.[0] + .[1]) / 2) * 50 end] | max
	| . * 10 | round / 10 | "±\(.)%";

(.datapath | ("intercept", "route") as $steer | map(select(.steer == $steer)) | select(length > 0)
	| (select($steer == "route") | [""]),
	  ["steer \($steer)", "size", "unit", "netfront", "cokeeper", "loopback", "x netfront", "x loopback", "spread"],
	  (.[] | [name, .size, .unit, (.netfront | number), (.cokeeper | number),
		(.loopback | number), ratio(.cokeeper; .netfront), ratio(.cokeeper; .loopback), spread])),
(.datapath | map(select(.test == "ring_core")) | select(length > 0)
	| [""], ["native", "size", "unit", "ring", "batched", "memcpy", "two threads", "messages/s", "MB/s", "spread"],
	  (.[] | ["ring_core", .size, .unit, (.cokeeper, .batched, .memcpy, .memcpy_across, .messages_per_s, .bytes_per_s.cokeeper / 1e6 | number), spread]))
| map(tostring) | join("\t")
