#include <stddef.h>
#include <string.h>

#include "oci/names.h"

bool oci_name_value(const struct oci_name *table, const char *name, uint64_t *ret)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name)) {
			*ret = table->value;
			return true;
		}
	return false;
}

const char *oci_name_of(const struct oci_name *table, uint64_t value)
{
	while (table->name && table->value != value)
		table++;
	return table->name;
}
