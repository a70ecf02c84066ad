// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.proxy.config.NetworkSettings.Dns;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** How long names are believed. */
class ResolverTest {

    private static final InetAddress ONE = InetAddress.ofLiteral("192.0.2.1");
    private static final InetAddress TWO = InetAddress.ofLiteral("192.0.2.2");

    private final AtomicLong time = new AtomicLong();
    private final AtomicInteger asked = new AtomicInteger();
    private final Map<String, List<InetAddress>> names = new ConcurrentHashMap<>();
    private final Resolver resolver = new Resolver(new Dns(Duration.ofSeconds(15), Duration.ofSeconds(5)), this::lookup, time::get);

    private List<InetAddress> lookup(String name) throws UnknownHostException {
        asked.incrementAndGet();
        List<InetAddress> found = names.get(name);
        if (found == null) {
            throw new UnknownHostException(name);
        }
        return found;
    }

    private List<InetAddress> resolve() throws Exception {
        return resolver.resolve("db").get(20, TimeUnit.SECONDS);
    }

    private void pass(int seconds) {
        time.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
    }

    @Test
    void a_name_is_believed_for_its_time() throws Exception {
        names.put("db", List.of(ONE));
        assertThat(resolve()).containsExactly(ONE);
        names.put("db", List.of(TWO));
        pass(14);
        assertThat(resolve()).containsExactly(ONE);
        pass(1);
        assertThat(resolve()).containsExactly(TWO);
        assertThat(asked).hasValue(2);
    }

    @Test
    void that_there_is_none_is_believed_for_another() throws Exception {
        assertThatThrownBy(this::resolve).hasRootCauseInstanceOf(UnknownHostException.class);
        names.put("db", List.of(ONE));
        pass(4);
        assertThatThrownBy(this::resolve).hasRootCauseInstanceOf(UnknownHostException.class);
        pass(1);
        assertThat(resolve()).containsExactly(ONE);
        assertThat(asked).hasValue(2);
    }

    @Test
    void when_nobody_answers_the_last_addresses_stay() throws Exception {
        names.put("db", List.of(ONE));
        resolve();
        names.clear();
        pass(15);
        assertThat(resolve()).containsExactly(ONE);
        assertThat(asked).hasValue(2);
    }

    @Test
    void addresses_take_turns() throws Exception {
        names.put("db", List.of(ONE, TWO));
        assertThat(List.of(resolve(), resolve(), resolve())).containsExactly(List.of(ONE, TWO), List.of(TWO, ONE), List.of(ONE, TWO));
    }

    @Test
    void an_address_is_no_question() throws Exception {
        assertThat(resolver.resolve("192.0.2.1").get(20, TimeUnit.SECONDS)).containsExactly(ONE);
        assertThat(resolver.resolve("::1").get(20, TimeUnit.SECONDS)).containsExactly(InetAddress.ofLiteral("::1"));
        assertThat(asked).hasValue(0);
    }
}
