// SPDX-License-Identifier: Apache-2.0

/** What Prometheus is told: the admin console's tables under the names that pgbouncer_exporter gives them. Threads of its own. */
@NullMarked
package io.pgtrickle.proxy.metrics;

import org.jspecify.annotations.NullMarked;
