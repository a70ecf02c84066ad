// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.metrics;

import io.pgtrickle.proxy.admin.Shows;
import io.pgtrickle.proxy.config.HostPort;
import io.prometheus.metrics.exporter.httpserver.HTTPServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;

/** Where Prometheus asks: {@code /metrics} on a port of its own. */
public final class MetricsEndpoint implements AutoCloseable {

    private final HTTPServer server;

    /** @throws IOException if it cannot listen there */
    public MetricsEndpoint(HostPort address, Shows shows) throws IOException {
        var registry = new PrometheusRegistry();
        registry.register(new ConsoleMetrics(shows));
        try {
            var builder = HTTPServer.builder().port(address.port()).registry(registry);
            server = (address.host().equals("*") ? builder : builder.hostname(address.host())).buildAndStart();
        } catch (IOException e) {
            throw new IOException("cannot listen on " + address + " for metrics: " + e.getMessage(), e);
        }
    }

    public int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        server.close();
    }
}
