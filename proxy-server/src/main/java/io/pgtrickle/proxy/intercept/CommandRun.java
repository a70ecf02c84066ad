// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.pgtrickle.dvm.engine.CommandOutcome;
import io.pgtrickle.dvm.engine.Engines;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.session.SessionClosedException;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.sql.statement.SqlStatement.CreateOrdinaryView;
import io.pgtrickle.sql.statement.SqlStatement.CreateStreamTable;
import io.pgtrickle.sql.statement.SqlStatement.DropMaterializedViews;
import io.pgtrickle.sql.statement.SqlStatement.FunctionCall;
import io.pgtrickle.sql.statement.SqlStatement.RefreshMaterializedView;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One command carried out by the engine in a client's session; runs on a virtual thread. Every failure becomes an error of the
 * server's, so that the transaction fails as for any statement.
 *
 * @param bind the parameters as the client bound them
 * @param types the parameters' types as the server resolved them
 */
record CommandRun(
        Engines engines,
        String database,
        WireSqlSession session,
        StreamTableCommand command,
        Bind bind,
        List<Integer> types,
        Charset charset)
        implements Callable<CommandOutcome> {

    private static final Logger LOG = LoggerFactory.getLogger(CommandRun.class);

    private static final short BINARY = 1;
    private static final int TEXT_OID = 25;
    private static final int VARCHAR_OID = 1043;
    private static final int VOID_OID = 2278;
    /** Types whose binary and text images are the same. */
    private static final Set<Integer> SAME_IN_BINARY = Set.of(TEXT_OID, VARCHAR_OID, VOID_OID);

    /** Whether a command names pgtrickle, so that the database must have its catalog before the server sees the statement. */
    static boolean needsCatalog(StreamTableCommand command) {
        return switch (command) {
            case CreateStreamTable _, FunctionCall _ -> true;
            case CreateOrdinaryView _, DropMaterializedViews _, RefreshMaterializedView _ -> false;
        };
    }

    @Override
    public CommandOutcome call() {
        try {
            if (command instanceof CreateOrdinaryView view) {
                return new CommandOutcome.Completed(session.execute(view.statement()).commandTag(), Optional.empty());
            }
            CommandOutcome outcome = engines.forDatabase(database, needsCatalog(command)).execute(command, parameters(), session);
            if (outcome instanceof CommandOutcome.Completed(var _, var rows) && rows.isPresent()) {
                checkFormats(rows.get());
            }
            return outcome;
        } catch (SessionClosedException gone) {
            throw gone;
        } catch (RuntimeException failed) {
            throw inServer(failed);
        }
    }

    /** The engine's errors are the server's already, unless they came from somewhere else. */
    private RuntimeException inServer(RuntimeException failed) {
        if (session.failed()) {
            return failed;
        }
        if (!(failed instanceof EngineException || failed instanceof SqlFailure)) {
            LOG.error("internal error in {}", command, failed);
        }
        return session.raise(failed);
    }

    /** The parameters as text. The server knows best how to convert those that came in binary. */
    private List<@Nullable String> parameters() {
        List<Integer> binary = IntStream.range(0, bind.values().size())
                .filter(i -> bind.values().get(i) != null && bind.isBinary(i) && !SAME_IN_BINARY.contains(type(i)))
                .boxed()
                .toList();
        var texts = new ArrayList<@Nullable String>();
        for (byte[] value : bind.values()) {
            texts.add(value == null ? null : new String(value, charset));
        }
        if (!binary.isEmpty()) {
            String casts = IntStream.rangeClosed(1, binary.size())
                    .mapToObj(n -> "$" + n + "::pg_catalog.text")
                    .collect(Collectors.joining(", ", "SELECT ", ""));
            List<Integer> binaryTypes = binary.stream().map(this::type).toList();
            var values = new ArrayList<byte @Nullable []>();
            binary.forEach(i -> values.add(bind.values().get(i)));
            List<@Nullable String> converted = session.execute(casts, binaryTypes, List.of(BINARY), values).rows().getFirst();
            for (int n = 0; n < binary.size(); n++) {
                texts.set(binary.get(n), converted.get(n));
            }
        }
        return texts;
    }

    private int type(int parameter) {
        return parameter < types.size() ? types.get(parameter) : TEXT_OID;
    }

    private void checkFormats(CommandOutcome.Rows rows) {
        for (int i = 0; i < rows.columns().size(); i++) {
            CommandOutcome.Column column = rows.columns().get(i);
            if (bind.isResultBinary(i) && !SAME_IN_BINARY.contains(column.typeOid())) {
                throw EngineException.withHint(
                        ErrorCode.UNSUPPORTED_OPERATOR,
                        "column \"" + column.name() + "\" of a pgtrickle function cannot be sent in binary format",
                        "Ask for the result in text format.");
            }
        }
    }
}
