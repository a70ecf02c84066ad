// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.capture;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Partitions and children that came after the capture functions were made. Statements on a table above them change their rows, too, and are
 * captured; when such a member has gone again before a refresh looks, no catalog tells. So then the trigger functions write what has
 * everything computed anew.
 *
 * <p>A partition gets its tables' row triggers from PostgreSQL. Two of them, "late" and "touch", are disabled on each partition that is
 * known, so they fire on others only, and nothing is to be looked up per statement, however many partitions there are. They note in
 * {@code pgtrickle.late_<source>} that there was a row. On INSERT and DELETE the condition itself does, and is never true: the trigger
 * would be queued for each row of a load, which then takes three times as long. On UPDATE it cannot, because when a row moves from one partition to another
 * PostgreSQL looks at the condition for the partitioned table as well.
 *
 * <p>Children of a table that is not partitioned get no triggers. There the functions look whether there are others than those known.
 */
final class LateMembers {

    private LateMembers() {}

    private static String late(long source) {
        return "pgtrickle.late_" + source;
    }

    /** Condition of the row trigger on INSERT and DELETE. */
    static String noting(long source) {
        return "(CASE WHEN current_setting('%1$s', true) = 't' THEN false ELSE set_config('%1$s', 't', true) IS NULL END)".formatted(late(source));
    }

    /** Condition of the row trigger on UPDATE. */
    static String unnoted(long source) {
        return "(current_setting('%s', true) IS DISTINCT FROM 't')".formatted(late(source));
    }

    /** Body of the row triggers. Runs with the writer's rights and search_path. */
    static String note(long source) {
        return """

                BEGIN
                    PERFORM pg_catalog.set_config('%s', 't', true);
                    RETURN NULL;
                END
                """.formatted(late(source));
    }

    /** Whether a row of an unknown partition was changed, in the body of an AFTER STATEMENT trigger of a table that routes rows. */
    static String partitions(long source, String marker) {
        return """
                    IF current_setting('%1$s', true) = 't' THEN
                        PERFORM set_config('%1$s', '', true);
                        %2$s;
                        RETURN NULL;
                    END IF;
                """.formatted(late(source), marker);
    }

    /**
     * Whether the table has children that are not known, in the body of an AFTER STATEMENT trigger of a table that is not
     * partitioned. The flag says that it has or had any; a query with more in it would take longer to start than it runs.
     */
    static String children(long member, List<Long> known, String marker) {
        return """
                    IF (SELECT relhassubclass FROM pg_class WHERE oid = TG_RELID) THEN
                        IF EXISTS (SELECT FROM pg_inherits WHERE inhparent = ANY ('%s'::oid[]) AND inhrelid <> ALL ('%s'::oid[])) THEN
                            %s;
                            RETURN NULL;
                        END IF;
                    END IF;
                """.formatted(array(Stream.concat(Stream.of(member), known.stream())), array(known.stream()), marker);
    }

    private static String array(Stream<Long> oids) {
        return oids.map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
    }
}
