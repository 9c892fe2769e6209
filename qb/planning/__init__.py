"""The years to come: costs, forecast, scenarios, sites for new schools, the cheapest plan."""
