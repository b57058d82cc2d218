#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A few random events: selftests/stress, in the lab that is running.

exec "$(dirname "$0")/../stress" --guests 3 --events 30
