#include "slim/strip.h"
