// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.product;

import io.pgtrickle.proxy.config.EngineLogin;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresOptions;

/** The PostgreSQL behind the proxy. */
public sealed interface Upstream {

    /** One of our own, started and stopped with the product; the engine is its superuser. */
    record Embedded(EmbeddedPostgresOptions options) implements Upstream {}

    /** One that runs already, at the address the configuration names. */
    record Existing(EngineLogin login) implements Upstream {}
}
