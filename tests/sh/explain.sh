#!/bin/bash
# The golden answers of `gaol explain`: tests/explain.
exec "$(dirname "$0")/../explain/run"
