# The daily commands. Each prepares what it needs first (./setup.sh is idempotent).
PY := .venv/bin/python
N ?= 20000
SEEDS ?= 200
.PHONY: demo test check fuzz bench sim bench-check states lock clean

demo:  ## everything on loopback in one process: platform, SMSC simulator, simulated SIMs and handsets
	@./setup.sh run
	@.venv/bin/ykt demo $(ARGS)

test:  ## every test that can run here; the rest is shown as skipped with its reason
	@./setup.sh dev
	$(PY) -m pytest $(ARGS)

check:  ## format, lint, strict types, import directions
	@./setup.sh dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy telecom_codecs smsc_gateway stk_applet_sim ykt_telecom tests bench fuzz scripts
	$(PY) -m pytest -q tests/test_import_directions.py

fuzz:  ## seeded mutation fuzzing of every decoder: make fuzz N=1000000
	@./setup.sh dev
	$(PY) -m fuzz --count $(N)

sim:  ## whole worlds with faults on virtual time: make sim SEEDS=2000
	@./setup.sh dev
	.venv/bin/ykt simulate --seeds $(SEEDS)

bench:  ## one JSON object a line
	@./setup.sh dev
	$(PY) -m bench

bench-check:  ## the hot paths briefly: fails when an item costs more CPU than its floor, or more in a larger database
	@./setup.sh dev
	$(PY) -m bench --check

states:  ## draw docs/states/ from the state machines
	@./setup.sh dev
	$(PY) -m scripts.draw_states

lock:  ## renew the hash-locked requirements
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml requirements/build.in -o requirements/run.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra test --extra dev pyproject.toml requirements/build.in -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/pcsc.in -o requirements/pcsc.txt

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache *.egg-info
