"""Runs a notebook in Deno's kernel, and prints the outputs of its code cells as JSON.

Usage: python3 test/_notebook.py NOTEBOOK DIRECTORY DENO

The kernel is started in DIRECTORY, from which its imports are resolved. What a cell prints may arrive after the kernel
has said that the cell ended, so each cell is followed by one that prints a mark: what arrives before it is the cell's.
"""

import json
import os
import sys
import tempfile

path, start, deno = sys.argv[1:]
MARK = "the cell before has ended"


def outputs_of(client, code):
    """Runs a cell, and returns what it puts out."""
    client.execute(code)
    client.execute(f'console.log("{MARK}")')
    outputs = []
    while True:
        message = client.get_iopub_msg(timeout=600)
        kind, content = message["msg_type"], message["content"]
        if kind == "stream" and MARK in content["text"]:
            return outputs
        if kind in ("stream", "display_data", "execute_result", "error"):
            outputs.append({"output_type": kind, **content})


with tempfile.TemporaryDirectory() as directory:
    os.makedirs(f"{directory}/kernels/deno")
    with open(f"{directory}/kernels/deno/kernel.json", "w") as file:
        argv = [deno, "jupyter", "--kernel", "--conn", "{connection_file}"]
        json.dump({"argv": argv, "display_name": "Deno", "language": "typescript"}, file)
    os.environ["JUPYTER_PATH"] = directory  # which jupyter_client reads as it is loaded
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="deno", cwd=start)
    try:
        with open(path) as file:
            cells = json.load(file)["cells"]
        codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        print(json.dumps([outputs_of(client, code) for code in codes]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
