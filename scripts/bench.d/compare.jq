# SPDX-License-Identifier: GPL-2.0
# Prints how the results in the input, but the first, compare with the first of them,
# tab-separated.

def id: [.test, .size, .steer, .traffic, .to, .peers];
def name: .test + (if .traffic then " \(.traffic) \(.to) \(.peers) peers" else "" end);
def beyond($a; $b): if $b[0] > $a[1] then "higher" elif $b[1] < $a[0] then "lower" else "same" end;

# The row $y beside $x: its value, the ratio, and what it is.
def compared($x; $y; $c):
	if $y[$c] == null then "-", "-", ""
	else beyond($x.spread[$c]; $y.spread[$c]) as $beyond
		| $y[$c], (if $x[$c] == 0 then "-" else $y[$c] / $x[$c] * 1000 | round / 1000 end),
		  (if $beyond == "same" then "" elif $beyond == $x.better then "better" else "worse" end)
	end;

[inputs.datapath] as $runs
| ["test", "size", "steer", "contender", "unit", "A", (range(1; $runs | length) | [65 + .] | implode | ., "\(.)/A", "")],
  ($runs[0][] as $x
	| [$runs[1:][] | [.[] | select(id == ($x | id))][0]] as $others
	| ("netfront", "cokeeper", "loopback") as $c
	| select($x[$c] and any($others[]; .[$c]))
	| [($x | name), $x.size, $x.steer // "-", $c, $x.unit, $x[$c], ($others[] as $y | compared($x; $y; $c))])
| map(tostring) | join("\t")
