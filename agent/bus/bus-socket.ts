/** Where a host's message bus listens. Apart from the rest, which is loaded only where this is there. */
export const SYSTEM_BUS = "/run/dbus/system_bus_socket";
