// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import io.pgtrickle.proxy.admin.Operations.Ending;
import io.pgtrickle.proxy.config.ConfigException;
import io.pgtrickle.proxy.product.Product;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jline.utils.Signals;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** PgBouncer's signals, as far as a JVM can have them: SIGQUIT and SIGUSR1 are its own. */
final class RunSignals {

    private static final Logger LOG = LoggerFactory.getLogger(RunSignals.class);

    private static final int FAILED = 1;
    private static final int INTERRUPTED = 128 + 2;
    private static final int TERMINATED = 128 + 15;

    private final Product product;
    private final AtomicInteger exitCode = new AtomicInteger();
    private boolean ending;

    /** @param reloads whether there is a file to read anew; without one, SIGHUP ends the process as ever */
    RunSignals(Product product, boolean reloads) {
        this.product = product;
        Signals.register("TERM", () -> end(TERMINATED, Ending.WAIT_FOR_CLIENTS, "the last client has left"));
        Signals.register("INT", () -> end(INTERRUPTED, Ending.WAIT_FOR_SERVERS, "no client uses a server connection"));
        if (reloads) {
            Signals.register("HUP", this::reload);
        }
    }

    private synchronized void end(int code, Ending how, String condition) {
        exitCode.set(code);
        if (ending) {
            product.shutDown(Ending.NOW);
            return;
        }
        ending = true;
        product.shutDown(how);
        if (!product.ended().isDone()) {
            LOG.info("ends when {}; a second signal ends it at once", condition);
        }
    }

    private void reload() {
        try {
            product.reload();
        } catch (ConfigException e) {
            LOG.error("the configuration stays as it was: {}", String.join("; ", e.problems()));
        }
    }

    /** Returns the exit code when the product ends. */
    int await() {
        CompletableFuture.anyOf(product.failure(), product.ended()).join();
        if (product.failure().isDone()) {
            LOG.error("{}", product.failure().join());
            return FAILED;
        }
        return exitCode.get();
    }
}
