"""Runs all benchmarks, or the ones named: `python -m bench http`."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TIME_LIMIT_S = 1200
SHARED = {"__init__", "__main__", "exporting", "harness", "load", "simulated_market"}


def main() -> int:
    """Run each benchmark in a process of its own, so that its peak memory is its own."""
    known = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in SHARED)
    chosen = sys.argv[1:] or known
    for name in chosen:
        if name not in known:
            print(f"no benchmark {name!r}; there are: {', '.join(known)}", file=sys.stderr)
            return 2
    failed = 0
    for name in chosen:
        command = [sys.executable, "-m", f"bench.{name}"]
        failed |= subprocess.run(
            command, cwd=HERE.parent, timeout=TIME_LIMIT_S, check=False
        ).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
