# SPDX-License-Identifier: GPL-2.0
# Prints how the results $b compare with the results $a, tab-separated.

def id: [.test, .size, .steer, .traffic, .to, .peers];
def name: .test + (if .traffic then " \(.traffic) \(.to) \(.peers) peers" else "" end);
def beyond($a; $b): if $b[0] > $a[1] then "higher" elif $b[1] < $a[0] then "lower" else "same" end;

["test", "size", "steer", "contender", "unit", "A", "B", "B/A", ""],
($a[0].datapath[] as $x | $b[0].datapath[] | select(id == ($x | id)) as $y
	| ("netfront", "cokeeper", "loopback") as $c
	| select($x[$c] and $y[$c])
	| beyond($x.spread[$c]; $y.spread[$c]) as $beyond
	| [($x | name), $x.size, $x.steer // "-", $c, $x.unit, $x[$c], $y[$c],
	   (if $x[$c] == 0 then "-" else $y[$c] / $x[$c] * 1000 | round / 1000 end),
	   (if $beyond == "same" then "" elif $beyond == $x.better then "better" else "worse" end)])
| map(tostring) | join("\t")
