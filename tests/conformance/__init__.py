"""What the conformance scripts share: recipes that record real traffic, and the comparison with tshark.

Run by `scripts/record_protocol` and `scripts/conformance`. Everything that knows a protocol lies in
`tests/protocols/<name>/`.
"""
