// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

/** A TCP address as it is written on command lines: {@code host:port}, {@code [::1]:port}, {@code host} or {@code :port}. */
public record HostPort(String host, int port) {

    public HostPort {
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " is not between 0 and 65535");
        }
    }

    /** Whether the host is the directory of a Unix socket, or the name of one without a file. */
    public boolean isUnix() {
        return host.startsWith("/") || host.startsWith("@");
    }

    /** @throws IllegalArgumentException if the text is not an address */
    public static HostPort parse(String text, String defaultHost, int defaultPort) {
        int close = text.startsWith("[") ? text.indexOf(']') : -1;
        int colon = text.indexOf(':', close + 1);
        if (text.startsWith("[") && close < 0) {
            throw new IllegalArgumentException("\"" + text + "\" has no closing bracket");
        }
        if (colon >= 0 && text.indexOf(':', colon + 1) >= 0) {
            throw new IllegalArgumentException("\"" + text + "\" has more than one colon; write an IPv6 address as [address]:port");
        }
        if (close >= 0 && close + 1 != (colon < 0 ? text.length() : colon)) {
            throw new IllegalArgumentException("\"" + text + "\" has something between the closing bracket and the colon");
        }
        String host = text.substring(0, colon < 0 ? text.length() : colon);
        if (close >= 0) {
            host = host.substring(1, close);
        }
        return new HostPort(host.isEmpty() ? defaultHost : host, colon < 0 ? defaultPort : port(text.substring(colon + 1)));
    }

    private static int port(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("\"" + text + "\" is not a port number");
        }
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
