//! Contacts, dial lists, attempts, dispositions, do-not-call and outbox in SQLite; CSV import and export.
