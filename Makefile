# Every target calls python -m cnnbook, which works without make too.
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help book serve lab test run twin translated full seeds matrix bench classroom teacher midterm slides vote pdf install clean

help:
	@"$(PYTHON)" -m cnnbook

book serve lab test matrix bench classroom teacher midterm vote pdf install clean:
	@"$(PYTHON)" -m cnnbook $@ $(ARGS)

run:
	@"$(PYTHON)" -m cnnbook run $(or $(CH),$(error Name a chapter: make run CH=03, or CH=all))

twin:
	@"$(PYTHON)" -m cnnbook twin $(or $(CH),$(error Name a chapter: make twin CH=03, or CH=all))

translated:
	@"$(PYTHON)" -m cnnbook translated $(or $(CH),$(error Name a chapter: make translated CH=03)) $(ARGS)

full:
	@"$(PYTHON)" -m cnnbook full $(or $(CH),$(error Name a chapter: make full CH=10)) $(ARGS)

seeds:
	@"$(PYTHON)" -m cnnbook seeds $(or $(CH),$(error Name a chapter: make seeds CH=10)) $(ARGS)

slides:
	@"$(PYTHON)" -m cnnbook slides $(or $(CH),$(error Name a chapter: make slides CH=03, or CH=all)) $(ARGS)
