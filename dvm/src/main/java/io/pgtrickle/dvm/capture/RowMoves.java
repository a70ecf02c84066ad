// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.capture;

/**
 * Rows that MERGE moves to another partition. PostgreSQL (18.6) shows an UPDATE trigger the rows that UPDATE moves, but with MERGE
 * their old rows belong to DELETE and their new ones to INSERT, whose triggers run only if the MERGE has such an action. So a
 * partitioned source notes which statements are under way and whether a row moves that no trigger will see; then everything has to
 * be computed anew.
 *
 * <p>The setting {@code pgtrickle.open_<source>} holds, for each kind of statement that has begun and not ended, a letter (i, u, d) and
 * how deep in triggers it is; MERGE begins its kinds in this order and ends them in the opposite one. A row trigger that sees a row
 * leave or enter a partition while the innermost statement is an UPDATE notes in {@code pgtrickle.moved_<source>}: {@code m}, this is a
 * MERGE, or {@code p}, perhaps an ordinary UPDATE, which the statement's text then decides. A transaction that rolls back to a savepoint
 * takes settings back as well. The row trigger does a second thing by merely being there: without a BEFORE INSERT trigger, PostgreSQL
 * remembers the last row that MERGE routed to a partition and shows it as the new row of every UPDATE of the same MERGE.
 */
final class RowMoves {

    /** What the innermost statement is, to be checked before the trigger function is called. */
    static final String AMID_UPDATE = "(current_setting('%1$s', true) LIKE '%%u_' OR current_setting('%1$s', true) LIKE '%%u_d_')";

    private RowMoves() {}

    static String open(long source) {
        return "pgtrickle.open_" + source;
    }

    /** Body of the BEFORE STATEMENT trigger. Runs with the writer's rights and search_path. */
    static String opening(long source) {
        return """

                BEGIN
                    PERFORM pg_catalog.set_config('%1$s', pg_catalog.concat(pg_catalog.current_setting('%1$s', true),
                        CASE WHEN TG_OP::pg_catalog.text OPERATOR(pg_catalog.=) 'INSERT' THEN 'i'
                            WHEN TG_OP::pg_catalog.text OPERATOR(pg_catalog.=) 'UPDATE' THEN 'u' ELSE 'd' END,
                        pg_catalog.chr(64 OPERATOR(pg_catalog.+) pg_catalog.pg_trigger_depth())), true);
                    RETURN NULL;
                END
                """.formatted(open(source));
    }

    /** Body of the BEFORE ROW trigger on INSERT and DELETE. Runs with the writer's rights and search_path. */
    static String moving(long source) {
        return """

                DECLARE
                    __pgt_open text := pg_catalog.current_setting('%1$s', true);
                    __pgt_seen text;
                BEGIN
                    IF TG_OP::pg_catalog.text OPERATOR(pg_catalog.=) 'DELETE' THEN
                        __pgt_seen := CASE WHEN __pgt_open OPERATOR(pg_catalog.!~~) '%%u_' THEN NULL
                            WHEN __pgt_open OPERATOR(pg_catalog.~) E'i(.)u\\\\1$' THEN 'm' ELSE 'p' END;
                    ELSE
                        __pgt_seen := CASE WHEN __pgt_open OPERATOR(pg_catalog.~) E'i(.)u\\\\1(d\\\\1)?$' THEN NULL
                            WHEN __pgt_open OPERATOR(pg_catalog.~~) '%%u_' THEN 'p' ELSE 'm' END;
                    END IF;
                    IF __pgt_seen IS NOT NULL
                        AND coalesce(pg_catalog.current_setting('pgtrickle.moved_%2$d', true), '') OPERATOR(pg_catalog.<>) 'm'
                    THEN
                        PERFORM pg_catalog.set_config('pgtrickle.moved_%2$d', __pgt_seen, true);
                    END IF;
                    IF TG_OP::pg_catalog.text OPERATOR(pg_catalog.=) 'DELETE' THEN
                        RETURN OLD;
                    END IF;
                    RETURN NEW;
                END
                """.formatted(open(source), source);
    }

    /**
     * Begins the body of an AFTER STATEMENT trigger: its statement has ended.
     *
     * @param marker writes what has everything computed anew
     */
    static String closing(long source, String event, String marker) {
        String closed = """
                    __pgt_open := current_setting('%1$s', true);
                    __pgt_at := strpos(reverse(__pgt_open), chr(64 + pg_trigger_depth()) || '%2$s');
                    IF __pgt_at > 0 THEN
                        PERFORM set_config('%1$s', left(__pgt_open, -1 - __pgt_at) || right(__pgt_open, __pgt_at - 1), true);
                    END IF;
                """.formatted(open(source), event.charAt(0));
        return !event.equals("upd") ? closed : closed + """
                    IF current_setting('pgtrickle.moved_%1$d', true) <> '' THEN
                        GET DIAGNOSTICS __pgt_context = PG_CONTEXT;
                        IF current_setting('pgtrickle.moved_%1$d', true) = 'm'
                            OR NOT (__pgt_context ~* E'^[^\\n]*\\nSQL statement "\\\\s*update\\\\M' OR strpos(__pgt_context, chr(10)) = 0
                                AND current_query() ~* E'\\\\mupdate\\\\M' AND current_query() !~* E'\\\\m(merge|execute)\\\\M')
                        THEN
                            %2$s;
                        END IF;
                        PERFORM set_config('pgtrickle.moved_%1$d', '', true);
                    END IF;
                """.formatted(source, marker);
    }
}
