// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.capture;

/**
 * Rows that MERGE moves to another partition. PostgreSQL (18.6) shows an UPDATE trigger the rows that UPDATE moves, but with MERGE
 * their old rows belong to DELETE and their new ones to INSERT, whose triggers run only if the MERGE has such an action. So a
 * partitioned source notes which statements are under way and whether a row moves that no trigger may see; then everything has to
 * be computed anew.
 *
 * <p>The setting {@code pgtrickle.open_<source>} holds, for each kind of statement that has begun and not ended, a letter (i, u, d) and
 * how deep in triggers it is; MERGE begins its kinds in this order. A move is a DELETE and then an INSERT to row triggers, which note in
 * {@code pgtrickle.moved_<source>}: {@code p}, perhaps the work of an ordinary UPDATE, when nothing but one UPDATE is under way; {@code d}, a
 * row was deleted amid a MERGE that deletes, which is a move if an insert follows; {@code m}, in all other cases. Only {@code p} is looked
 * at again when the UPDATE ends: it passes if nothing else is under way and the text is that of an ordinary UPDATE. Statements may
 * contain each other in too many ways (functions, triggers, WITH) to be sure of more. A transaction that rolls back to a
 * savepoint takes settings back as well.
 *
 * <p>The row trigger does a second thing by merely being there: without a BEFORE INSERT trigger, PostgreSQL remembers the last row that
 * MERGE routed to a partition and shows it as the new row of every UPDATE of the same MERGE.
 */
final class RowMoves {

    /** Whether an UPDATE is under way, to be checked before the trigger function is called. */
    static final String AMID_UPDATE = "(strpos(current_setting('%1$s', true), 'u') > 0)";

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
                    __pgt_open pg_catalog.text := pg_catalog.current_setting('%1$s', true);
                    __pgt_moved pg_catalog.text := coalesce(pg_catalog.current_setting('pgtrickle.moved_%2$d', true), '');
                    __pgt_seen pg_catalog.text;
                BEGIN
                    IF __pgt_open OPERATOR(pg_catalog.~) '^u.$' THEN
                        __pgt_seen := 'p';
                    ELSIF TG_OP::pg_catalog.text OPERATOR(pg_catalog.=) 'DELETE' THEN
                        __pgt_seen := CASE WHEN __pgt_open OPERATOR(pg_catalog.~) E'^(i(.)u\\\\2d\\\\2|u(.)d\\\\3)$' THEN 'd' ELSE 'm' END;
                    ELSIF __pgt_moved OPERATOR(pg_catalog.=) 'd' OR __pgt_open OPERATOR(pg_catalog.~) '^u.d.$' THEN
                        __pgt_seen := 'm';
                    END IF;
                    IF __pgt_seen IS NOT NULL AND __pgt_moved OPERATOR(pg_catalog.<>) 'm' THEN
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
        return !event.equals("upd") ? closed : """
                    __pgt_moved := coalesce(current_setting('pgtrickle.moved_%1$d', true), '');
                    __pgt_alone := current_setting('%2$s', true) IS NOT DISTINCT FROM 'u' || chr(64 + pg_trigger_depth());
                    IF __pgt_moved IN ('p', 'm') THEN
                        GET DIAGNOSTICS __pgt_context = PG_CONTEXT;
                        IF __pgt_moved = 'm' OR NOT __pgt_alone
                            OR concat_ws(' ', __pgt_context, current_query()) ~* E'\\\\m(merge|execute)\\\\M'
                            OR NOT (CASE WHEN strpos(__pgt_context, chr(10)) = 0 THEN current_query() ~* E'\\\\mupdate\\\\M'
                                ELSE __pgt_context ~* E'^[^\\n]*\\nSQL statement "\\\\s*update\\\\M' END)
                        THEN
                            %3$s;
                        END IF;
                    END IF;
                    IF __pgt_alone OR __pgt_moved IN ('p', 'm') THEN
                        PERFORM set_config('pgtrickle.moved_%1$d', '', true);
                    END IF;
                """.formatted(source, open(source), marker) + closed;
    }
}
