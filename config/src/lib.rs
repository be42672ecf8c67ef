//! The configuration file: TOML read strictly into validated types, secrets kept apart.
