"""The screens. Nothing outside this room imports textual."""
