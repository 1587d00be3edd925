/* bundle_namespaces.h - the namespaces of a bundle, told to the engine */
#ifndef CKRUN_CONTAINER_BUNDLE_NAMESPACES_H
#define CKRUN_CONTAINER_BUNDLE_NAMESPACES_H

#include "engine/engine.h"

struct oci_config;

struct bundle_namespaces bundle_namespaces(const struct oci_config *config);

#endif
