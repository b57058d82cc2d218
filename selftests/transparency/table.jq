# SPDX-License-Identifier: GPL-2.0
# The table in Documentation/transparency.md, of transparency.json: a line for each event and mode.

def longest($key): (map(.[$key] // 0) | max) as $ms |
	if $ms >= 10000 then "\($ms / 1000 | round) s" elif $ms >= 1000 then "\($ms / 100 | round / 10) s" else "\($ms | round) ms" end;
def sum($key): map(.[$key] // 0) | add;

"| event | steer | cells | ok | longest stall | without CoKeeper | lost | without |",
"| --- | --- | --- | --- | --- | --- | --- | --- |",
(reduce .cells[] as $c ([]; if index($c.event) then . else . + [$c.event] end)) as $events |
.cells as $cells | $events[] as $event | ("intercept", "route") as $steer |
[$cells[] | select(.event == $event and .steer == $steer)] | select(length > 0) |
"| `\($event)` | \($steer) | \(length) | \(map(select(.ok)) | length) | \(longest("stall_ms")) | " +
	"\(longest("stall_ms_without")) | \(sum("lost")) | \(sum("lost_without")) |"
