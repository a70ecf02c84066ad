// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Tests of what the engine makes of data: whether connections are shared on the way makes no difference to them, and they take long. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface EngineOnly {}
