"""Time one tool on one file in this process: `measure(read, table)` prints one JSON object.

`read(path)` returns (rows, data), `table(data)` the number of its rows and the efficiencies [%] of the first cycles.
"""

import json
import logging
import math
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)


def cpu():
    """Return the CPU seconds of this process and the children it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def measure(read, table, version):
    """Run both steps once and print what they took; `table` may be None."""
    path = sys.argv[1]
    start, start_cpu = time.perf_counter(), cpu()
    rows, data = read(path)
    read_s, read_cpu = time.perf_counter() - start, cpu() - start_cpu
    found = {"rows": int(rows), "read_s": read_s, "read_cpu_s": read_cpu, "version": version}
    if table is not None:
        lines, efficiency = table(data)
        found |= {
            "table_rows": int(lines),
            "efficiency": [None if math.isnan(x) else round(float(x), 2) for x in efficiency],
            "total_s": time.perf_counter() - start,
            "total_cpu_s": cpu() - start_cpu,
        }
    found |= {"process_cpu_s": cpu(), "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    print(json.dumps(found))
