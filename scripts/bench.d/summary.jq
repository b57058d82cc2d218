# SPDX-License-Identifier: GPL-2.0
# Makes the array "datapath" of bench.json of an array of samples.

def median: sort | if length % 2 == 1 then .[(length - 1) / 2] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def spread: [min, max];

# What a value means; a test that is not here is an error.
def meaning: {
	ping_rtt: ["us", "lower"],
	tcp_rr: ["us", "lower"],
	udp_rr: ["us", "lower"],
	tcp_stream: ["Mbit/s", "higher"],
	tcp_stream_bidir: ["Mbit/s", "higher"],
	tcp_stream_8flows: ["Mbit/s", "higher"],
	udp_stream: ["Mbit/s", "higher"],
	udp_stream_flood: ["Mbit/s", "higher"],
	cpu_per_gib: ["instructions/GiB", "lower"],
	redis_get: ["requests/s", "higher"],
	redis_set: ["requests/s", "higher"],
	redis_set_16k: ["requests/s", "higher"],
	redis_pipelined: ["requests/s", "higher"],
	nginx_keepalive: ["requests/s", "higher"],
	nginx_connect: ["requests/s", "higher"],
	nginx_200k: ["requests/s", "higher"],
	setup_time: ["us", "lower"],
	memory_channel: ["KiB", "lower"],
	memory_idle_peer: ["bytes", "lower"],
	memory_idle_peer_routes: ["bytes", "lower"],
	ring_core: ["ns", "lower"]
}[.] // error("no test \(.)");

def unit($test): {unit: ($test | meaning[0]), better: ($test | meaning[1])};

def column($name): map(select(.contender == $name).value) | if length > 0 then . else null end;

# The cost of a message in ns, as rates a second.
def rates($size): {messages_per_s: (1e9 / .cokeeper | round)} +
	{bytes_per_s: ({cokeeper, batched, memcpy, memcpy_across} | map_values($size * 1e9 / . | round))};

def contenders: . as $samples
	| reduce ("netfront", "cokeeper", "loopback", "batched", "memcpy", "memcpy_across") as $c ({spread: {}};
		($samples | column($c)) as $values
		| if $values then .[$c] = ($values | median) | .spread[$c] = ($values | spread)
		  elif $c | IN("netfront", "cokeeper", "loopback") then .[$c] = null else . end);

# remote_tax: without CoKeeper against with it and so many peers.
def tax:
	group_by([.traffic, .to, .size])[]
	| . as $samples | .[0] as {$traffic, $to, $size}
	| (1, 10, 1000) as $peers
	| {test: "remote_tax", steer: "intercept", $traffic, $to, $size, $peers} + unit($traffic) +
	  ([$samples[] | select(.contender == "0") | .contender = "netfront"] +
	   [$samples[] | select(.contender == "\($peers)") | .contender = "cokeeper"] | contenders);

# A row for each way to steer in which CoKeeper was measured, each with all that
# netfront and loopback gave.
def rows:
	. as $samples | .[0] as {$test, $size}
	| (["intercept", "route"] | map(select(IN($samples[].contender))) | if . == [] then ["intercept"] else . end | .[]) as $steer
	| {$test, $size, $steer} + unit($test) +
	  ($samples | map((select(.contender == $steer) | .contender) = "cokeeper") | contenders);

([.[].test] | reduce .[] as $t ([]; if index([$t]) then . else . + [$t] end)) as $order
| [$order[] as $test
   | if $test == "remote_tax" then [.[] | select(.test == $test)] | tax
     else [.[] | select(.test == $test)] | group_by(.size)[]
	  | if $test == "ring_core" then {test: $test, size: .[0].size} + unit($test) + contenders | . + rates(.size)
	    else rows end
     end]
