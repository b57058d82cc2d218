# SPDX-License-Identifier: GPL-2.0
"""Runs the tests of a class, each with a store and a publisher of its own."""
import os
import subprocess
import sys
import traceback

import xstore
from publisher import until

SKIP = 4


def main(tests, usage):
    """Arguments: the publisher, the shim, names of tests (default: all)."""
    if len(sys.argv) < 3:
        print(usage, file=sys.stderr)
        return 2
    if not os.path.exists(xstore.XENSTORED):
        print('1..0 # SKIP no xenstored (Debian package xen-utils-4.17)')
        return SKIP
    wanted = sys.argv[3:] or [n for n in vars(tests) if n.startswith('test_')]
    print('TAP version 13')
    print(f'1..{len(wanted)}')
    failed = 0
    for i, name in enumerate(wanted, 1):
        test = tests(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
        try:
            test.h.start()
            until('ready', lambda test=test: 'ready' in test.h.log())
            getattr(test, name)()
            if test.h.proc and test.h.proc.poll() is not None:
                raise AssertionError('the publisher ended')
            print(f'ok {i} {name}', flush=True)
        except (AssertionError, OSError, subprocess.SubprocessError) as err:
            failed += 1
            print(f'not ok {i} {name}')
            where = traceback.extract_tb(err.__traceback__)[1]
            print(f'# line {where.lineno}: {type(err).__name__}: {err}')
            for line in test.h.log().splitlines()[-20:]:
                print('# ' + line)
            sys.stdout.flush()
        finally:
            test.close()
    print(f'{len(wanted) - failed} passed, {failed} failed')
    return 1 if failed else 0
