-- Programs name schemas, so a plan relies on the names of all schemas it goes through: ALTER SCHEMA … RENAME changes no OID.
-- Every stream table is computed anew once, since its fingerprints are others.

CREATE OR REPLACE FUNCTION pgtrickle.pgt_fingerprint(source oid, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE family(oid) AS (
        SELECT source UNION SELECT inhrelid FROM pg_inherits JOIN family ON inhparent = family.oid
    )
    SELECT md5(concat_ws('|',
        (SELECT concat_ws(',', relnamespace, relnamespace::regnamespace, relname, relkind, relpersistence, relrowsecurity, relforcerowsecurity)
         FROM pg_class WHERE oid = source),
        (SELECT string_agg(concat_ws(',', attnum, attname, atttypid::oid, atttypid::regtype, atttypmod, attcollation, attnotnull, attgenerated,
                    CASE WHEN attgenerated <> '' THEN
                        (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef d WHERE adrelid = attrelid AND adnum = attnum) END),
                ';' ORDER BY attnum)
         FROM pg_attribute WHERE attrelid = source AND attnum > 0 AND NOT attisdropped AND attname = ANY (columns)),
        (SELECT string_agg(attnum::text, ',' ORDER BY attnum)
         FROM pg_attribute WHERE attrelid = source AND attnum > 0 AND NOT attisdropped
             AND attnum <= (SELECT max(attnum) FROM pg_attribute WHERE attrelid = source AND attname = ANY (columns))),
        (SELECT string_agg(indkey::text, ';' ORDER BY indexrelid) FROM pg_index
         WHERE indrelid = source AND indisunique AND indisvalid AND indimmediate AND indpred IS NULL AND indexprs IS NULL),
        (SELECT string_agg(concat_ws(',', family.oid, (SELECT string_agg(concat_ws(' ', tgname, tgenabled, t.xmin), ',' ORDER BY tgname)
             FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
             WHERE tgrelid = family.oid AND tgname LIKE 'pg\_trickle\_cdc\_%\_' || source::text
                 AND p.pronamespace = 'pgtrickle_changes'::regnamespace)), ';' ORDER BY family.oid)
         FROM family),
        (SELECT md5(string_agg(ev_action::text, '' ORDER BY oid)) FROM pg_rewrite WHERE ev_class = source)))
$$;

-- The functions, operators, types and collations of users that a view is made of, views it reads looked through.
CREATE OR REPLACE FUNCTION pgtrickle.pgt_functions(view oid) RETURNS oid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE reads(oid) AS (
        SELECT view
        UNION
        SELECT d.refobjid FROM reads
        JOIN pg_rewrite r ON r.ev_class = reads.oid
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class v ON v.oid = d.refobjid AND v.relkind = 'v'
    )
    SELECT array_agg(DISTINCT d.refobjid) FROM reads JOIN pg_rewrite r ON r.ev_class = reads.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        OR d.classid = 'pg_class'::regclass AND d.objid = reads.oid
    WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_collation'::regclass)
$$;

-- What these are called and defined as now. A reg type shows the number where there is no such object, so it may be asked for
-- any OID; names come with their schemas, because none is in the search_path.
CREATE OR REPLACE FUNCTION pgtrickle.pgt_function_hash(functions oid[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT md5(string_agg(concat_ws('|', f, f::regprocedure, f::regoperator, f::regtype, f::regcollation,
        p.prosrc, p.prosqlbody, p.probin, p.provolatile, p.proconfig), ';' ORDER BY f))
    FROM unnest(functions) AS f LEFT JOIN pg_proc p ON p.oid = f
$$;
