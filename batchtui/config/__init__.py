"""Profiles, paths, secrets and settings. A leaf: it imports nothing of ours."""
