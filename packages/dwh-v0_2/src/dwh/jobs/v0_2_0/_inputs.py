"""The inputs of this line's jobs: the 2013 departures from New York as they come, and what other jobs write.

Times of day and dates are local to the origin. A delay is null where the flight did not depart
(departure) or did not arrive at its destination (arrival: cancelled, or diverted).
"""

from dwh.core import Column, Table

FLIGHTS = Table(
    "flights",
    columns=(
        Column("flight_date", "date", "local date of the scheduled departure"),
        Column("carrier", "string", "IATA code"),
        Column("origin", "string", "FAA code"),
        Column("dest", "string", "FAA code"),
        Column("dep_delay", "double", "minutes, negative when early", nullable=True),
        Column("arr_delay", "double", "minutes, negative when early", nullable=True),
    ),
    partition_by="flight_date",
    doc="one scheduled departure",
)

AIRLINES = Table(
    "airlines",
    columns=(Column("carrier", "string", "IATA code"), Column("name", "string")),
    key=("carrier",),
    doc="one carrier",
)

AIRPORTS = Table(
    "airports",
    columns=(Column("faa", "string", "FAA code"), Column("name", "string")),
    key=("faa",),
    doc="one airport",
)

FLIGHT_HOURS = Table(
    "flights",
    columns=(
        Column("flight_date", "date", "local date of the scheduled departure"),
        Column("origin", "string", "FAA code"),
        Column("time_hour", "timestamp", "the hour of the scheduled departure"),
        Column("dep_delay", "double", "minutes, negative when early", nullable=True),
    ),
    partition_by="flight_date",
    doc="one scheduled departure",
)

WEATHER = Table(
    "weather",
    columns=(
        Column("weather_date", "date", "local date of the observation"),
        Column("origin", "string", "FAA code"),
        Column("time_hour", "timestamp", "the hour of the observation"),
        Column("wind_speed", "double", "miles per hour", nullable=True),
        Column("precip", "double", "inches in the hour", nullable=True),
        Column("visib", "double", "miles", nullable=True),
    ),
    partition_by="weather_date",
    doc="one hour at one airport, as observed; some hours are missing",
)

DELAYS = Table(
    "flights.carrier_delays",
    columns=(
        Column("flight_date", "date", "local date of the scheduled departure"),
        Column("carrier", "string", "IATA code"),
        Column("flights", "bigint", "scheduled departures, flown or not"),
        Column("on_time", "bigint", "flights that were on time, as the line that wrote them counts"),
    ),
    partition_by="flight_date",
    doc="one carrier on one day, as the job carrier_delays writes it",
)
