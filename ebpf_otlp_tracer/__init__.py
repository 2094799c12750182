"""Traces running services with eBPF, without touching them, and sends OpenTelemetry spans.

What people type and see, and what talks to the outside, is Python; from the kernel's event to the encoded span it is
the Rust extension `ebpf_otlp_tracer._engine`. The border is crossed once for each batch of spans.
"""
