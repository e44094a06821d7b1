// SPDX-License-Identifier: MIT
#if Postgres

/// The two questions to the catalog. Each row is one JSON object, because what belongs to a table comes in lists.
enum CatalogSQL {
    /// A table's model: its name where the search path finds it, else `schema.table`. A dot in a name is taken for
    /// that one, so names with dots are always spelled with their schema.
    private static func model(_ table: String, _ schema: String) -> String {
        """
        CASE WHEN pg_table_is_visible(\(table).oid) AND strpos(\(table).relname, '.') = 0
            THEN \(table).relname::text ELSE \(schema).nspname || '.' || \(table).relname END
        """
    }

    /// Ordinary and partitioned tables, without partitions, tables of the system, and ours.
    private static let isModel = """
        c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
        AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND strpos(n.nspname, '.') = 0
        AND c.relname NOT LIKE 'sluice\\_%'
        """

    /// Those tables with their columns, keys and foreign keys.
    static let tables = """
        SELECT json_build_object(
            'name', \(model("c", "n")),
            'rules', c.relhasrules,
            'triggers', EXISTS (SELECT FROM pg_trigger t
                WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'),
            'columns', (SELECT json_agg(json_build_object(
                'name', a.attname, 'type', a.atttypid::bigint, 'modifier', a.atttypmod,
                'type_name', format_type(a.atttypid, a.atttypmod),
                'not_null', a.attnotnull, 'identity', a.attidentity, 'generated', a.attgenerated,
                'deterministic', coalesce(o.collisdeterministic, true),
                'default', pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
                FROM pg_attribute a
                LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                LEFT JOIN pg_collation o ON o.oid = a.attcollation
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
            'computed_uniqueness', EXISTS (SELECT FROM pg_index i
                WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indexprs IS NOT NULL)
                OR EXISTS (SELECT FROM pg_constraint x WHERE x.conrelid = c.oid AND x.contype = 'x'),
            'keys', (SELECT json_agg(json_build_object('primary', i.indisprimary,
                'partial', i.indpred IS NOT NULL, 'columns',
                (SELECT json_agg(a.attname ORDER BY k.number)
                    FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, number)
                    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
                    WHERE k.number <= i.indnkeyatts)) ORDER BY i.indexrelid)
                FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
                AND i.indexprs IS NULL),
            'foreign_keys', (SELECT json_agg(json_build_object(
                'table', \(model("f", "s")),
                'on_delete', CASE x.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set' WHEN 'd' THEN 'set_default' ELSE 'none' END,
                'columns', (SELECT json_agg(a.attname ORDER BY k.number)
                    FROM unnest(x.conkey) WITH ORDINALITY AS k(attnum, number)
                    JOIN pg_attribute a ON a.attrelid = x.conrelid AND a.attnum = k.attnum),
                'referenced', (SELECT json_agg(a.attname ORDER BY k.number)
                    FROM unnest(x.confkey) WITH ORDINALITY AS k(attnum, number)
                    JOIN pg_attribute a ON a.attrelid = x.confrelid AND a.attnum = k.attnum)) ORDER BY x.oid)
                FROM pg_constraint x JOIN pg_class f ON f.oid = x.confrelid
                JOIN pg_namespace s ON s.oid = f.relnamespace
                WHERE x.conrelid = c.oid AND x.contype = 'f'))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE \(isModel)
        ORDER BY \(model("c", "n")) COLLATE "C"
        """

    /// What the role lacks: the right, the object as GRANT wants it, whether the object is ours. A right on one column
    /// counts.
    static let missingRights = """
        SELECT r.name, format('%I.%I', n.nspname, c.relname), c.relname LIKE 'sluice\\_%'
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS r(name)
            WHERE (\(isModel) OR c.oid = to_regclass('sluice_ledger') AND r.name <> 'UPDATE'
                OR c.oid = to_regclass('sluice_lease') AND r.name <> 'DELETE')
            AND has_schema_privilege(n.oid, 'USAGE') AND NOT has_table_privilege(c.oid, r.name)
            AND (r.name = 'DELETE' OR NOT has_any_column_privilege(c.oid, r.name))
        UNION ALL
        SELECT DISTINCT 'USAGE', format('SCHEMA %I', n.nspname), false
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE \(isModel) AND NOT has_schema_privilege(n.oid, 'USAGE')
        UNION ALL
        SELECT 'CREATE', format('SCHEMA %I', current_schema()), true
            WHERE to_regclass('sluice_ledger') IS NULL AND current_schema() IS NOT NULL
            AND NOT pg_is_in_recovery() AND NOT has_schema_privilege(current_schema(), 'CREATE')
        ORDER BY 1, 2
        """

    /// The types of their columns, and those that these are made of.
    static let types = """
        WITH RECURSIVE used(oid) AS (
            SELECT a.atttypid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
            UNION
            SELECT p.part FROM used u JOIN pg_type t ON t.oid = u.oid
                CROSS JOIN LATERAL (VALUES (t.typbasetype), (t.typelem)) AS p(part) WHERE p.part <> 0)
        SELECT json_build_object(
            'oid', t.oid::bigint, 'name', t.typname, 'builtin', n.nspname = 'pg_catalog', 'kind', t.typtype,
            'base', t.typbasetype::bigint, 'modifier', t.typtypmod, 'not_null', t.typnotnull,
            'element', CASE WHEN e.typarray = t.oid THEN e.oid::bigint ELSE 0 END,
            'default', pg_get_expr(t.typdefaultbin, 0),
            'labels', (SELECT json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid))
        FROM used u JOIN pg_type t ON t.oid = u.oid JOIN pg_namespace n ON n.oid = t.typnamespace
        LEFT JOIN pg_type e ON e.oid = t.typelem
        """
}
#endif
