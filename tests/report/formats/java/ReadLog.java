import org.HdrHistogram.EncodableHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;
import org.HdrHistogram.HistogramLogReader;

/** Prints `tag count p99 max sum startMs endMs` for each interval of the log named. */
public class ReadLog {
    public static void main(String[] arguments) throws Exception {
        HistogramLogReader reader = new HistogramLogReader(arguments[0]);
        EncodableHistogram interval;
        while ((interval = reader.nextIntervalHistogram()) != null) {
            Histogram histogram = (Histogram) interval;
            long sum = 0;
            for (HistogramIterationValue value : histogram.recordedValues()) {
                sum += value.getValueIteratedTo() * value.getCountAddedInThisIterationStep();
            }
            System.out.printf(
                "%s %d %d %d %d %d %d%n",
                histogram.getTag(),
                histogram.getTotalCount(),
                histogram.getValueAtPercentile(99.0),
                histogram.getMaxValue(),
                sum,
                histogram.getStartTimeStamp(),
                histogram.getEndTimeStamp());
        }
    }
}
