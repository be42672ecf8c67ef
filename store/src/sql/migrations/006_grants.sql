-- Grants of whole projects.

-- Who may use every list of a project (X7), those made later too.
CREATE TABLE project_grants (
  project_id BLOB NOT NULL REFERENCES projects (id),
  user_id    BLOB NOT NULL REFERENCES users (id),
  granted_by BLOB REFERENCES users (id),
  at         INTEGER NOT NULL,
  PRIMARY KEY (project_id, user_id)
) STRICT, WITHOUT ROWID;

-- Both kinds of grants, by list. A list without a row is open to everybody.
CREATE VIEW grants (list_id, user_id) AS
  SELECT list_id, user_id FROM list_grants
  UNION ALL
  SELECT l.id, g.user_id FROM lists l JOIN project_grants g ON g.project_id = l.project_id;
