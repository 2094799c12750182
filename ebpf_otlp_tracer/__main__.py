"""`python -m ebpf_otlp_tracer`: the same as the console script."""

from ebpf_otlp_tracer.cli import run

run()
