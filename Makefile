# The four commands of the house: demo, test, check, fix. Nothing is installed outside this folder, but for a Chromium that the
# tests fetch where there is none.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test check fix messages bench campaign hostile supply browser clean-demo

demo: $(VENV)/run.stamp
	@$(BIN)/python -m backoffice.demo --port $(PORT)

test: $(VENV)/dev.stamp browser
	$(BIN)/pytest -n 3 --dist loadgroup

check: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.gates

fix: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py states
	$(BIN)/python -m tests.security.book

# Take up new sentences into the catalogues (gettext is needed), for translators to fill; `make check` holds them whole.
messages: $(VENV)/dev.stamp
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemessages --all --no-location --no-obsolete \
		--ignore=.venv --ignore=var --ignore=static --ignore=tests --ignore=benchmarks --ignore=docs \
		--ignore='backoffice/sandbox*' --ignore='backoffice/demo*'
	for catalogue in locale/*/LC_MESSAGES/django.po; do msgfmt --check -o $${catalogue%.po}.mo $$catalogue; done

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks

# The fault campaign (docs/reliability.md): RUNS random schedules from SEED on, then KILLS real kill -9 cycles. Slices that
# var/campaign/schedules.jsonl holds already are not run again, so a campaign that was broken off goes on.
RUNS ?= 2000
SEED ?= 1
KILLS ?= 50
campaign: $(VENV)/dev.stamp
	$(BIN)/python -m tests.faults --runs $(RUNS) --from $(SEED)
	$(BIN)/python -m tests.faults.processes --cycles $(KILLS) --seed $(SEED)

# Hostile requests at every address of a demo of its own, as everybody, over HTTP (docs/security.md).
REQUESTS ?= 20000
hostile: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.security.hostile --requests $(REQUESTS) --seed $(SEED)

# What the product is made of, under which licences, and whether any of it is known to be broken. Needs a network.
supply: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.security.supply

browser: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.browser.chromium

clean-demo:
	rm -rf var/demo

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python cannot make a virtual environment here. On Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/run.stamp: requirements.txt | $(VENV)/bin/python
	@echo "Installing what the product runs on …"
	@$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "Installing what the tests and gates need …"
	@$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@
