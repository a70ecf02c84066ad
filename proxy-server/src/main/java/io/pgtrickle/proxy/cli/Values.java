// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import io.pgtrickle.proxy.config.HostPort;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How the values of options are read: whatever cannot be meant is refused at once, and the message says what is expected. */
final class Values {

    static final HostPort LISTEN = new HostPort("127.0.0.1", 6432);

    private static final int SERVER_PORT = 5432;
    private static final int HIGHEST_PORT = 65535;

    private Values() {}

    /** An address clients connect to. */
    static final class Listen implements ITypeConverter<HostPort> {
        @Override
        public HostPort convert(String text) {
            String expected = "; expected HOST:PORT with an address of this machine, for example 127.0.0.1:6432, or *:6432 for every interface";
            HostPort address = address(text, LISTEN.host(), LISTEN.port(), expected);
            if (!address.host().equals("*") && new InetSocketAddress(address.host(), address.port()).isUnresolved()) {
                throw new TypeConversionException("\"" + text + "\": there is no host \"" + address.host() + "\"" + expected);
            }
            return address;
        }
    }

    /** Whether only this machine can connect there. */
    static boolean isLoopback(HostPort address) {
        InetAddress host = new InetSocketAddress(address.host(), address.port()).getAddress();
        return host != null && host.isLoopbackAddress();
    }

    /** A server's address. Its name is looked up when it is needed: it may not be known yet. */
    static final class Server implements ITypeConverter<HostPort> {
        @Override
        public HostPort convert(String text) {
            String expected = "; expected HOST:PORT, for example db.example.com:5432";
            HostPort address = address(text, "localhost", SERVER_PORT, expected);
            if (address.port() == 0) {
                throw new TypeConversionException("\"" + text + "\": no server has port 0" + expected);
            }
            return address;
        }
    }

    private static HostPort address(String text, String defaultHost, int defaultPort, String expected) {
        try {
            return HostPort.parse(text, defaultHost, defaultPort);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException("\"" + text + "\": " + e.getMessage() + expected);
        }
    }

    /** A port; 0 is any free one. */
    static final class Port implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return number(text, 0, HIGHEST_PORT);
        }
    }

    /** How many; at least one. */
    static final class Count implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return number(text, 1, Integer.MAX_VALUE);
        }
    }

    private static int number(String text, int min, int max) {
        try {
            int number = Integer.parseInt(text);
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            // the same message
        }
        String range = max == Integer.MAX_VALUE ? ", " + min + " or more" : " from " + min + " to " + max;
        throw new TypeConversionException("\"" + text + "\" is not a whole number" + range);
    }

    /** A file to read, or {@code -} for standard input. */
    static final class Script implements ITypeConverter<Path> {
        @Override
        public Path convert(String text) {
            return text.equals("-") ? Path.of(text) : readable(text);
        }
    }

    /** A file to read. */
    static final class Readable implements ITypeConverter<Path> {
        @Override
        public Path convert(String text) {
            return readable(text);
        }
    }

    private static Path readable(String text) {
        Path file = Path.of(text);
        if (!Files.exists(file)) {
            throw new TypeConversionException("there is no file " + text);
        }
        if (Files.isDirectory(file)) {
            throw new TypeConversionException(text + " is a directory; expected a file");
        }
        if (!Files.isReadable(file)) {
            throw new TypeConversionException("no permission to read " + text);
        }
        return file;
    }

    /** A file to write at the end of something long. */
    static final class Writable implements ITypeConverter<Path> {
        @Override
        public Path convert(String text) {
            Path file = Path.of(text);
            Path directory = file.toAbsolutePath().getParent();
            if (Files.isDirectory(file)) {
                throw new TypeConversionException(text + " is a directory; expected a file");
            }
            if (directory != null && !Files.isDirectory(directory)) {
                throw new TypeConversionException("there is no directory " + directory + " for " + text);
            }
            return file;
        }
    }

    /** A directory, made when it is missing. */
    static final class Directory implements ITypeConverter<Path> {
        @Override
        public Path convert(String text) {
            Path directory = Path.of(text).toAbsolutePath();
            for (Path path = directory; path != null; path = path.getParent()) {
                if (Files.isDirectory(path)) {
                    return Path.of(text);
                }
                if (Files.exists(path)) {
                    throw new TypeConversionException(text + ": " + path + " is a file; expected a directory, existing or new");
                }
            }
            return Path.of(text);
        }
    }
}
