"""Tests of the engine for every auction format."""
