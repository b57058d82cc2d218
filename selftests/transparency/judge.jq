# SPDX-License-Identifier: GPL-2.0
# Says of a cell of check-transparency what fails: reads {with, without: what clients found,
# problem, problem_without, kind, flags, icount, event}, and adds "fails", a list.

# What the stall may be.
def stall_limit:
	if .kind == "planned" or .bystander then
		if .icount then .without.stall_ms + 5 else .without.stall_ms * 1.5 + 500 end
	elif .kind == "outage" then
		# TCP waits twice as long each time until it tries again.
		if .datagram then .without.stall_ms * 1.5 + 2000 else .without.stall_ms * 2 + 5000 end
	else .without.stall_ms * 2 + 10000 end;

# What cannot be explained by one time in which nothing arrives.
def astray: .lost - .longest_loss;

(if .kind == "planned" or .bystander then true else false end) as $calm |
.fails = [
	(select(.problem_without) | "without CoKeeper: \(.problem_without)"),
	(select(.problem) | .problem),
	(select((.with and .without) | not) | "it was not measured"),
	(select(.without and .with) |
		(select(.with.wrong > 0) | "\(.with.wrong) wrong answers"),
		# Whoever holds an address that moves does not know the connections of who held it.
		(select(.with.errors > .without.errors and ($calm or (.without.errors == 0 and (.moves | not)))) |
			"\(.with.errors) errors (\(.with.error)), \(.without.errors) without"),
		(select(.datagram and $calm and .with.lost > .without.lost) |
			"\(.with.lost) lost, \(.without.lost) without"),
		(select(.datagram and ($calm | not) and (.with | astray) > (.without | astray)) |
			"\(.with | astray) lost beside the longest loss, \(.without | astray) without"),
		(select(.with.duplicated > .without.duplicated) |
			"\(.with.duplicated) duplicated, \(.without.duplicated) without"),
		(select(.with.reordered > .without.reordered + 10) |
			"\(.with.reordered) reordered, \(.without.reordered) without"),
		(select(.with.stall_ms > stall_limit) |
			"stalled for \(.with.stall_ms | round) ms, \(.without.stall_ms | round) ms without"),
		(select(.event == "bridge-moved" and .datagram and (.bystander | not) and .with.stall_ms < 1500) |
			"it was reached on another bridge"))
]
