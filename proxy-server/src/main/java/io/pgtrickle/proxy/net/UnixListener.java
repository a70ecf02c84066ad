// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.pgtrickle.proxy.config.NetworkSettings.Unix;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Unix socket. Its file appears with its rights already set: it is made in a directory of our own and moved, so that it also takes the
 * place of one that a crash has left. Opened and closed by one thread.
 */
public final class UnixListener implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(UnixListener.class);

    /** Of sun_path, with the zero byte behind it. */
    private static final int MAX_PATH = 107;

    private final Channel channel;
    private final Optional<Path> file;
    private final Optional<LockFile> lock;

    private UnixListener(Channel channel, Optional<Path> file, Optional<LockFile> lock) {
        this.channel = channel;
        this.file = file;
        this.lock = lock;
    }

    /** The name libpq expects. {@code @} as first character stands for an address without a file. */
    public static String path(String directory, int port) {
        return (directory.endsWith("/") ? directory : directory + "/") + ".s.PGSQL." + port;
    }

    /** What a path means to the system. */
    public static DomainSocketAddress address(String path) {
        return new DomainSocketAddress(path.startsWith("@") ? '\0' + path.substring(1) : path);
    }

    /** @throws IOException saying why not */
    public static UnixListener open(Unix settings, int port, int backlog, Transport transport, ChannelHandler session) throws IOException {
        if (!transport.isNative()) {
            throw new IOException("Unix sockets need Linux on x86-64 or ARM64, whose native library is not to be had here");
        }
        String path = path(settings.directory(), port);
        if (path.length() > MAX_PATH) {
            throw new IOException("the path " + path + " is longer than the system allows (" + MAX_PATH + " bytes)");
        }
        var bootstrap = bootstrap(backlog, transport, path, session);
        UnixListener listener;
        if (path.startsWith("@")) {
            listener = new UnixListener(bind(bootstrap, address(path)), Optional.empty(), Optional.empty());
        } else {
            Path file = Path.of(path).toAbsolutePath();
            LockFile lock = LockFile.ofSocket(file, port);
            try {
                refuseIfInUse(file);
                listener = new UnixListener(bind(bootstrap, file, settings), Optional.of(file), Optional.of(lock));
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        }
        LOG.info("listening on {}", path);
        return listener;
    }

    private static ServerBootstrap bootstrap(int backlog, Transport transport, String path, ChannelHandler session) {
        return new ServerBootstrap()
                .group(transport.group())
                .channel(EpollServerDomainSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, backlog)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel accepted) {
                        var name = new DomainSocketAddress(path);
                        ClientAddress.set(accepted, name, name);
                        accepted.pipeline().addLast(session);
                    }
                });
    }

    /** PgBouncer and others make no lock file. */
    private static void refuseIfInUse(Path file) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).isOther()) {
            throw new IOException(file + " exists and is no socket");
        }
        try (SocketChannel other = SocketChannel.open(UnixDomainSocketAddress.of(file))) {
            throw new IOException("somebody listens on " + file + " already (" + other.getRemoteAddress() + ")");
        } catch (ConnectException stale) {
            LOG.debug("{} is left from somebody who is gone", file);
        }
    }

    private static Channel bind(ServerBootstrap bootstrap, Path file, Unix settings) throws IOException {
        Path own = Files.createTempDirectory(file.getParent(), ".pgt");
        Path made = own.resolve("s");
        try {
            Channel bound = bind(bootstrap, new DomainSocketAddress(made.toString()));
            try {
                if (!settings.group().isEmpty()) {
                    Files.setAttribute(made, "posix:group", group(made, settings.group()));
                }
                Files.setPosixFilePermissions(made, permissions(settings.mode()));
                Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                bound.close().awaitUninterruptibly();
                throw new IOException("cannot give " + file + " its group and rights: " + e.getMessage(), e);
            }
            return bound;
        } finally {
            Files.deleteIfExists(made);
            Files.deleteIfExists(own);
        }
    }

    private static GroupPrincipal group(Path file, String name) throws IOException {
        try {
            return file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName(name);
        } catch (UserPrincipalNotFoundException e) {
            throw new IOException("there is no group " + name, e);
        }
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        var permissions = EnumSet.noneOf(PosixFilePermission.class);
        PosixFilePermission[] all = PosixFilePermission.values(); // from the owner's reading to the others' executing, as the bits are
        for (int i = 0; i < all.length; i++) {
            if ((mode & 0400 >> i) != 0) {
                permissions.add(all[i]);
            }
        }
        return permissions;
    }

    private static Channel bind(ServerBootstrap bootstrap, DomainSocketAddress address) throws IOException {
        ChannelFuture binding = bootstrap.bind(address).awaitUninterruptibly();
        if (!binding.isSuccess()) {
            throw new IOException("cannot listen on " + address.path().replace('\0', '@') + ": " + Sockets.reason(binding.cause()), binding.cause());
        }
        return binding.channel();
    }

    /** May be called more than once. */
    @Override
    public void close() {
        if (!channel.isOpen()) {
            return;
        }
        try {
            if (file.isPresent()) {
                Files.deleteIfExists(file.get());
            }
            channel.close();
            if (lock.isPresent()) {
                lock.get().close();
            }
        } catch (IOException e) {
            LOG.warn("cannot remove the Unix socket: {}", e.toString());
        }
    }
}
