#!/bin/bash
# What `gaol explain` proposes does what it says: tests/explain/changes.py.
exec python3 "$(dirname "$0")/../explain/changes.py"
