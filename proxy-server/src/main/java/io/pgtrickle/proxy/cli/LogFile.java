// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.FileAppender;
import ch.qos.logback.core.status.ErrorStatus;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A file that gets the log besides standard error. Whoever moves it away has it opened anew by {@link #reopen}. */
final class LogFile {

    private final FileAppender<ILoggingEvent> appender = new FileAppender<>();

    private LogFile(Path file) {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        var lines = new PatternLayoutEncoder();
        lines.setContext(context);
        lines.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSS} [" + ProcessHandle.current().pid() + "] %-5level %logger{0} %msg%n");
        lines.start();
        appender.setContext(context);
        appender.setEncoder(lines);
        appender.setFile(file.toString());
    }

    /** @throws IOException if the file cannot be written */
    static LogFile open(Path file) throws IOException {
        var log = new LogFile(file);
        log.appender.start();
        if (!log.appender.isStarted()) {
            String why = log.appender.getStatusManager().getCopyOfStatusList().stream()
                    .filter(ErrorStatus.class::isInstance)
                    .filter(status -> status.getThrowable() != null)
                    .reduce((_, last) -> last)
                    .map(status -> ": " + status.getThrowable().getMessage())
                    .orElse("");
            throw new IOException("cannot write logfile " + file + why);
        }
        ((ch.qos.logback.classic.Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).addAppender(log.appender);
        return log;
    }

    void reopen() {
        appender.stop();
        appender.start();
    }
}
