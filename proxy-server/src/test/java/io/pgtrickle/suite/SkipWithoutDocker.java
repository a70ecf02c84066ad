// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.testcontainers.DockerClientFactory;

/** Skips the database tests when they were asked to run in a container and there is no Docker; registered as a service. */
public final class SkipWithoutDocker implements ExecutionCondition {

    private static final class Docker {
        static final boolean AVAILABLE = DockerClientFactory.instance().isDockerAvailable();
    }

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        boolean concerned = TestPostgres.inContainer()
                && context.getTestClass().filter(test -> test.getName().endsWith("IT")).isPresent();
        return concerned && !Docker.AVAILABLE
                ? ConditionEvaluationResult.disabled("pgtrickle.test.server=docker, but there is no Docker here")
                : ConditionEvaluationResult.enabled("the server of the tests can be used");
    }
}
