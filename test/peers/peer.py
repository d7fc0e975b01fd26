"""Training steps of two VAEs in one of Python's frameworks, one at a time: `deno task bench:peers` takes turns with it.

Usage: python peer.py FRAMEWORK THREADS BATCH    (FRAMEWORK: torch, keras or jax, each in a module beside this)

The first line it writes is JSON and says what there is, {"name": "PyTorch 2.13.0", "ways": {"conv": ["eager"], ...}}, or
{"missing": "No module named 'torch'"}. Then it reads lines "conv eager" and answers each with the time of one step,
{"ms": 110.2, "cpu_ms": 110.1}, on the clock and on all cores together, or {"error": "..."} where it cannot be done.
"""
import importlib
import json
import os
import sys
import time

framework, threads, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

# What the frameworks read when they are imported. "cpu_ms" shows whether they keep to it.
for variable in "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC":
    os.environ[variable] = str(threads)
eigen = str(threads > 1).lower()
os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={eigen} intra_op_parallelism_threads={threads}"
os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", JAX_PLATFORMS="cpu", CUDA_VISIBLE_DEVICES="")

answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # what a framework prints is no answer


def answer(**what):
    print(json.dumps(what), file=answers)


try:
    steps = importlib.import_module(framework + "_steps")
except ImportError as error:
    answer(missing=str(error))
    sys.exit()
made = {}


def step(model, way):
    """Milliseconds of one step, on the clock and of the process; the first time after some to warm up."""
    if (model, way) not in made:
        made[model, way] = steps.stepper(model, way, batch, threads)
        for _ in range(5):
            made[model, way]()
    start, start_cpu = time.perf_counter(), time.process_time()
    made[model, way]()
    return {"ms": (time.perf_counter() - start) * 1e3, "cpu_ms": (time.process_time() - start_cpu) * 1e3}


answer(name=steps.NAME, ways=steps.WAYS)
for line in sys.stdin:
    try:
        answer(**step(*line.split()))
    except Exception as error:
        answer(error=(str(error).strip() or repr(error)).splitlines()[0])
