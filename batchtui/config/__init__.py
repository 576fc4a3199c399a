"""Profiles, paths, secrets and settings. A leaf: it imports nothing of ours.

Everything here is read when asked for and never watched or written. A key is a `Secret` from the moment it is
read; what is wrong with a setting is a `ConfigError`: one sentence with file, line and key, never the value.
"""

from __future__ import annotations

from batchtui.config.credentials import Credentials
from batchtui.config.document import Given
from batchtui.config.errors import ConfigError, MissingKey, Source
from batchtui.config.paths import cache_dir, config_dir, data_dir, open_private, private_dir
from batchtui.config.profiles import Profile, ProfileDraft, draft_profile, load_profile, profile_names
from batchtui.config.redaction import redact
from batchtui.config.secrets import Secret
from batchtui.config.settings import Settings, given_settings, load_settings

__all__ = [
    "ConfigError",
    "Credentials",
    "Given",
    "MissingKey",
    "Profile",
    "ProfileDraft",
    "Secret",
    "Settings",
    "Source",
    "cache_dir",
    "config_dir",
    "data_dir",
    "draft_profile",
    "given_settings",
    "load_profile",
    "load_settings",
    "open_private",
    "private_dir",
    "profile_names",
    "redact",
]
