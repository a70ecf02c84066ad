// SPDX-License-Identifier: Apache-2.0
/** The JDBC driver {@code jdbc:pgtrickle:}: pgjdbc's own objects, with our statements handed to an engine in process. */
@NullMarked
package io.pgtrickle.driver;

import org.jspecify.annotations.NullMarked;
