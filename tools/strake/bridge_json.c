// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Results of the bridge as JSON on standard output.
#include <stdio.h>

#include "bridge/conversion.h"
#include "bridge_io.h"

void bridge_print_json(const GPtrArray *results)
{
	printf("[");
	for (guint i = 0; i < results->len; i++) {
		g_autofree char *json = strake_bridge_result_to_json(results->pdata[i]);

		printf("%s%s", i > 0 ? ",\n" : "\n", json);
	}
	printf("\n]\n");
}
