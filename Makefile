# Needs Python 3.11, make and a package index; everything else is installed into .venv.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install run test check bench lock clean

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) --version >/dev/null 2>&1 || { echo "Python 3.11 is needed; name it with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv "$(VENV)"
	"$(BIN)/python" -m pip install --quiet --no-compile --disable-pip-version-check -r requirements.lock
	@printf '%s\n' "$(CURDIR)" > "$$("$(BIN)/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/techmarket.pth"
	@touch "$(STAMP)"

run: install
	"$(BIN)/python" -m app run --sandbox --ephemeral-opening-key

test: install
	"$(BIN)/python" -m pytest -n auto --dist loadscope --no-loadscope-reorder

check: install
	"$(BIN)/ruff" format --check .
	"$(BIN)/ruff" check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"
	"$(BIN)/python" -m app check-migrations
	"$(BIN)/hadolint" Dockerfile
	"$(BIN)/check-jsonschema" --quiet --builtin-schema vendor.compose-spec compose.yaml

bench: install
	"$(BIN)/python" -m bench $(NAME)

lock: install
	"$(BIN)/python" -m pip install --quiet uv
	"$(BIN)/uv" pip compile --quiet --upgrade --extra dev --python-version 3.11 --no-emit-index-url --no-annotate --no-header --generate-hashes pyproject.toml -o requirements.lock

clean:
	rm -rf "$(VENV)" var
